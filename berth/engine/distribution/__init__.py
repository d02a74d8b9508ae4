"""What registries say of images, without pulling them."""
