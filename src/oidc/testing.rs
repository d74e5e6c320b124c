//! Providers of the tests own.
