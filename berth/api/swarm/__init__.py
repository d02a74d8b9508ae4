"""Answers for swarm's endpoints."""
