"""One function per Docker verb over the parts; owns container state."""
