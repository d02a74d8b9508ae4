"""Handlers of exec sessions."""
