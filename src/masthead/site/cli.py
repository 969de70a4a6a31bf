"""placeholder"""
import os, sys
def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "masthead.site.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv[0:1] + sys.argv[2:])
