"""System calls: the only room with ctypes and raw netlink."""
