//! Users: who people are here, what they have and on whose word; never half.

mod cli;
mod kill;
mod modes;
mod outcomes;
mod races;
mod store_trouble;
