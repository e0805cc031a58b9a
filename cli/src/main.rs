//! The `lowrank` command.

mod input;
mod matrix;
mod output;
mod text;

fn main() {}
