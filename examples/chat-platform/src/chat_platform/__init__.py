"""A chat in five small services: auth, chat, knowledge, gateway, web."""
