"""One module a subcommand; ``masthead.site.group`` lists them."""
