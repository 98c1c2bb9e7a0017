"""Jobs for a robot's stack: services that submit, cancel and list, and an action that follows."""
