"""The gRPC side: servicers of a few lines over the state, and the interceptor that every call passes."""
