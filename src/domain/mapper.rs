//! Mappers: who gets what by their claims.
