from masthead.site.cli import main

main()
