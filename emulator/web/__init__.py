"""The HTTP side: the admin API, the gateway that stands for the services, the token exchange and the metadata service."""
