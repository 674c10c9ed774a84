"""The API server's protobuf, read into the same facts as its JSON.

`messages` says where the kept fields stand, `schema` makes message classes of that, `reader` makes facts of messages.
"""
