//! `tamis verify`: the verification core on a file, without a server.
use crate::{error::Result, modules::store};
use std::{
    io::{Read, Write},
    path::Path,
    process::ExitCode,
};
use tamis_entities::value::PluginType;
use tamis_verification::{Verdict, render_text, verify};

/// Beyond this no store takes it, and reading it would only fill memory.
const MOST: u64 = 1 << 30;

pub fn run(file: &Path, json: bool, declared: Option<PluginType>) -> Result<ExitCode> {
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().take(MOST).read_to_end(&mut bytes)?;
    } else {
        let open =
            |e: std::io::Error| crate::error::Error::invalid(&file.display().to_string(), e.to_string());
        std::fs::File::open(file).map_err(open)?.take(MOST).read_to_end(&mut bytes).map_err(open)?;
    }
    let report = verify(&bytes, &store::declaration(declared));
    let text = if json { serde_json::to_string_pretty(&report)? } else { render_text(&report) };
    // A closed pipe (`| head`) is no failure of ours.
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    Ok(match report.verdict {
        Verdict::Pass | Verdict::Warn => ExitCode::SUCCESS,
        Verdict::Fail => ExitCode::from(1),
        Verdict::Error => ExitCode::from(2),
    })
}
