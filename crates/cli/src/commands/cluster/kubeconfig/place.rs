//! Where a kubeconfig goes.

use std::env;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use kompox_domain::ErrorKind;

use super::args::Args;
use super::file;
use crate::args::OutputFormat;
use crate::failure::{Failure, Report};

/// Where it goes.
pub(super) enum Place {
    Stdout,
    File(PathBuf),
    Temp,
    /// The files that are read as one.
    Merge(Vec<PathBuf>),
}

impl Place {
    /// Where it goes, as absolute paths: what is told must hold in another directory too.
    pub(super) fn of(args: &Args) -> Result<Self, Failure> {
        if args.temp {
            return Ok(Self::Temp);
        }
        if args.merge {
            let paths = match &args.kubeconfig {
                Some(path) => vec![path.clone()],
                None => default_files()?,
            };
            let paths = paths.iter().map(|path| absolute(path)).collect::<Result<_, _>>();
            return paths.map(Self::Merge);
        }
        match args.out.as_deref() {
            Some(path) if is_output_format(path) => Err(Failure::Told(Box::new(Report::usage(&format!(
                "error: --out names a file here, and {path} is an output format of other commands\n\n\
                 tip: --format yaml or --format json says how it is written; --out ./{path} names a file",
                path = path.display()
            ))))),
            Some(path) if path != Path::new("-") => {
                let path = absolute(path)?;
                require_directory(&path)?;
                Ok(Self::File(path))
            }
            _ if args.print_export => Err(Failure::Told(Box::new(Report::usage(
                "error: --print-export needs a file, and --out - is none",
            )))),
            _ => Ok(Self::Stdout),
        }
    }
}

/// The files that kubectl reads as one, by their precedence.
fn default_files() -> Result<Vec<PathBuf>, Failure> {
    if let Some(list) = env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        let paths: Vec<PathBuf> = env::split_paths(&list)
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
        if paths.is_empty() {
            return Err(Failure::new(
                ErrorKind::InvalidInput,
                "KUBECONFIG of the environment names no file",
                "correct or unset it, or name the file with --kubeconfig",
            ));
        }
        return Ok(paths);
    }
    match env::home_dir().filter(|home| !home.as_os_str().is_empty()) {
        Some(home) => Ok(vec![home.join(".kube").join("config")]),
        None => Err(Failure::new(
            ErrorKind::InvalidInput,
            "there is no home directory to look for .kube/config in",
            "name the file with --kubeconfig",
        )),
    }
}

/// Whether `--out` was taken for the flag that says how data is printed.
fn is_output_format(path: &Path) -> bool {
    let is = |word: &str| OutputFormat::from_str(word, true).is_ok();
    path.to_str().is_some_and(is)
}

/// Refuses a file in a directory that is not there: only for what is merged are directories made, as kubectl makes them.
fn require_directory(path: &Path) -> Result<(), Failure> {
    let file = file::real(path)?;
    let directory = file.parent().unwrap_or(&file);
    if directory.is_dir() {
        return Ok(());
    }
    Err(Failure::new(
        ErrorKind::InvalidInput,
        format!("there is no directory {}", directory.display()),
        "make it first, or name a file elsewhere",
    ))
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        let what = format!("cannot tell where {} is", path.display());
        Failure::io(what, error, "name the file by its whole path")
    })
}
