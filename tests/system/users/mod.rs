//! Users: who is known, what they have and on whose word.

mod cli;
