"""Ruby: RSpec or `rake test` by Bundler, with the JUnit formatter and SimpleCov where the Gemfile has them."""

from __future__ import annotations

from ci_reporter.init.suites import Suite, within
from ci_reporter.init.tree import Tree


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a project with a Gemfile and RSpec or a Rakefile."""
    gems = tree.text(within(folder, "Gemfile")) + tree.text(within(folder, "Gemfile.lock"))
    rspec = "rspec" in gems or tree.has(within(folder, ".rspec"))
    if not gems or not (rspec or tree.has(within(folder, "Rakefile"))):
        return None
    junit = rspec and "rspec_junit_formatter" in gems
    flags = " --format progress --format RspecJunitFormatter --out rspec.xml" if junit else ""
    return Suite(
        name="rspec" if rspec else "rake test",
        command=f"bundle exec rspec{flags}" if rspec else "bundle exec rake test",
        image="ruby:3.4",
        toolchain="ruby",
        folder=folder,
        install=("bundle install",),
        tests=("rspec.xml",) if junit else (),
        coverage=("coverage/.resultset.json",) if "simplecov" in gems else (),
    )
