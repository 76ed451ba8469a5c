//! What a Traefik is made of.
