"""Random graphs under attack: what is lossless loses nothing, whatever dies, and no counter lies.

`python -m chaos` from the folder test (`make chaos`) runs them for as long as it is told.  The
graph of a seed and what is done to it are always the same; at which item it is done is not.
"""
