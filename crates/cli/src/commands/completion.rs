//! `completion`: scripts that complete command lines.

use clap_complete::Shell;

use crate::failure::Failure;
use crate::ui::Ui;

const AFTER_HELP: &str = "\
Examples:
  source <(kompoxops completion bash)
  kompoxops completion zsh > \"${fpath[1]}/_kompoxops\"
  kompoxops completion fish > ~/.config/fish/completions/kompoxops.fish
  kompoxops completion powershell | Out-String | Invoke-Expression";

/// `completion`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script for the whole command line, which is given.
pub(crate) fn run(args: &Args, mut command: clap::Command, ui: &Ui) -> Result<(), Failure> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "kompoxops", &mut script);
    ui.data(&String::from_utf8_lossy(&script))
}
