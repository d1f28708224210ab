//! A secret from the person at the terminal, or from whatever writes to standard input.
use crate::error::{Error, Result};
use std::{
    io::{BufRead, IsTerminal, Write},
    process::{Command, Stdio},
};

/// One line, without its end. On a terminal what is typed is not shown.
pub fn read(prompt: &str) -> Result<String> {
    let terminal = std::io::stdin().is_terminal();
    if terminal {
        let _ = write!(std::io::stderr(), "{prompt}");
        echo(false);
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if terminal {
        echo(true);
        let _ = writeln!(std::io::stderr());
    }
    read?;
    let line = line.trim_end_matches(['\r', '\n']);
    match line.is_empty() {
        true => Err(Error::invalid("password", "write it to standard input, as one line")),
        false => Ok(line.to_owned()),
    }
}

/// Without `stty` it is shown, and still read.
fn echo(on: bool) {
    let mode = if on { "echo" } else { "-echo" };
    let _ = Command::new("stty").arg(mode).stdin(Stdio::inherit()).stderr(Stdio::null()).status();
}
