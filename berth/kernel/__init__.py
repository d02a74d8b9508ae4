"""Linux system calls that Python lacks, thin and named as the kernel names them. Only here is ctypes."""
