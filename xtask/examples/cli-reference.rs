//! Prints the reference of the command line, as the program describes itself.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(kompoxops::reference::markdown().as_bytes())
}
