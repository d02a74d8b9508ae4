"""Endpoints of builds."""
