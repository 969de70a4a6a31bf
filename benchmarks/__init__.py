"""Measurements that anybody can repeat: one file a claim (``edge.py``, ``cold.py``), small helpers beside them."""
