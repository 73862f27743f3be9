"""The HTTP side: the admin API, the gateway that plays the services, the token exchange and the metadata service."""
