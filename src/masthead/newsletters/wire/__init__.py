"""The wire: outside news from feeds that are watched, or entered by hand, and picked for editions.

``fetching`` speaks to hosts nobody vouches for, ``feeds`` reads what they sent, ``watching`` decides when and keeps what is new.
What editors do with it is the newsroom's.
"""
