"""What SROS2 is to know of a graph: who may say and hear what."""
