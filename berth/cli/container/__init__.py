"""The commands on containers, one file each."""
