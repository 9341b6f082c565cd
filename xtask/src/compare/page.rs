//! The measured section of `docs/performance.md`; what people write around it stays.

use super::field::WORKS;
use super::options::Options;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

const BEGIN: &str = "<!-- measured: written by `cargo xtask compare` -->";
const END: &str = "<!-- end of measured -->";

const HEADER: &str = "# Performance\n\nHow long Langevin takes for a picture beside its peers, on a CPU.\n";

/// The section: how it was measured, on what, and what came out.
pub fn section(command: &str, options: &Options, machine: &str, tables: &str) -> String {
    let works: Vec<String> = WORKS.iter().map(|work| format!("- {}", work.describe())).collect();
    format!(
        "Machine: {machine}.\nCommand: `{command}` ({} threads, medians of {} rounds, in which all take turns; fp32, no \
         dropout).\n\n{}\n\nA training step is forward, backward, clipping at norm 1, Adam and the moving average. It is \
         held against eager\nPyTorch in its faster layout, the forward pass against the fastest below. The ratio is the \
         peer's time over\nLangevin's; MB are of 1,000,000 bytes, of the whole process.\n\n{}",
        options.threads,
        options.rounds,
        works.join("\n"),
        tables.trim_end()
    )
}

/// Puts the section between the markers of the page, which is made if it is missing.
///
/// # Errors
/// If the page cannot be read or written, or has lost a marker.
pub fn write(path: &Path, section: &str) -> Result<()> {
    let page = match fs::read_to_string(path) {
        Ok(page) => page,
        Err(error) if error.kind() == ErrorKind::NotFound => format!("{HEADER}\n{BEGIN}\n{END}\n"),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let page = replaced(&page, section).with_context(|| format!("cannot change {}", path.display()))?;
    fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

fn replaced(page: &str, section: &str) -> Result<String> {
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else { bail!("it has no lines '{BEGIN}' and, below it, '{END}'") };
    Ok(format!("{before}{BEGIN}\n\n{section}\n\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_the_section_stays() {
        let page = format!("# Title\n\nBefore.\n{BEGIN}\nold\n{END}\nAfter.\n");
        let page = replaced(&page, "new").unwrap();
        assert_eq!(page, format!("# Title\n\nBefore.\n{BEGIN}\n\nnew\n\n{END}\nAfter.\n"));
        assert_eq!(replaced(&page, "new").unwrap(), page);
        assert!(replaced("# Title\n", "new").is_err());
        assert!(replaced(&format!("{END}\n{BEGIN}\n"), "new").is_err());
    }

    #[test]
    fn a_page_is_made_where_there_is_none() {
        let path = std::env::temp_dir().join(format!("langevin-page-{}.md", std::process::id()));
        let _ = fs::remove_file(&path);
        write(&path, "figures").unwrap();
        let page = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(page.starts_with("# Performance\n") && page.contains("\n\nfigures\n\n"), "{page}");
    }
}
