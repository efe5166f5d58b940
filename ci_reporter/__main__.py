"""`python -m ci_reporter` is `ci-reporter`."""

from ci_reporter.cli import main

if __name__ == "__main__":
    main()
