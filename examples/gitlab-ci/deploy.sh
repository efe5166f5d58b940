#!/bin/sh
# Your deploy: brings a revision to where the users are.
set -eu
echo "deploying $1"
