"""What a graph can do: typed node declarations, validator, executor, recipes. No torch, no I/O.

Adding a node is adding a class to a file in ``nodes/invocations/``; it finds itself registered.
"""
