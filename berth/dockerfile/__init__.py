"""The Dockerfile language: text to typed instructions. Pure; used by the builder and by the client."""
