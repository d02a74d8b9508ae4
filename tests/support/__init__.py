"""What the trees that drive a whole engine share: start one, feed it images, speak to it as users do.

Nothing here knows the inside of berth: the same code drives a real dockerd.
"""
