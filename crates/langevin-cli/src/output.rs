//! Samples into files.

use crate::exit::{Done, usage};
use anyhow::Context;
use langevin::config::Settings;
use langevin::data::{to_bytes, write_npy, write_npz, write_png};
use langevin::render::{self, Pictures, PlotOptions, RgbImage, Series};
use langevin::tensor::{channels_first, to_points};
use std::fs;
use std::path::Path;

/// The form of an output, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A grid of pictures or a plot of points.
    Sheet,
    /// `arr_0`, uint8, channels last.
    Npz,
    /// float32, unclipped, channels first.
    Npy,
    /// A picture a file.
    Folder,
}

impl Form {
    /// The form that `path` asks for.
    ///
    /// # Errors
    /// If it ends in something that is not written, or points are asked for as bytes.
    pub fn of(path: &Path, points: bool) -> Result<Self, crate::exit::Failure> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("png") => Ok(Self::Sheet),
            Some("npz") if points => Err(usage(format!(
                "points are not written as {}: give a .npy or a .png file",
                path.display()
            ))),
            Some("npz") => Ok(Self::Npz),
            Some("npy") => Ok(Self::Npy),
            _ if path.is_dir() => Ok(Self::Folder),
            None => Ok(Self::Folder),
            Some(extension) => Err(usage(format!(
                "samples are not written as .{extension}: give a folder, or a .png, .npz or .npy file"
            ))),
        }
    }
}

/// Refuses a name for a picture that does not end in .png.
pub fn check_png(path: &Path) -> Done {
    match Form::of(path, false) {
        Ok(Form::Sheet) => Ok(()),
        _ => Err(usage(format!("{} does not end in .png, which it would be", path.display()))),
    }
}

/// Writes samples, channels last, in the form that `path` asks for.
pub fn write(path: &Path, samples: &[f32], settings: &Settings) -> Done {
    let shape = settings.shape;
    let count = samples.len() / shape.elements();
    let points = settings.levels.is_none();
    match Form::of(path, points)? {
        Form::Sheet => render::save_png(path, &sheet(samples, settings)?)?,
        Form::Npz => write_npz(path, &to_bytes(samples), shape.batch(count))?,
        Form::Npy if points => write_npy(path, samples, &[count, 2])?,
        Form::Npy => {
            let first = channels_first(samples, shape);
            write_npy(path, &first, &[count, shape.channels, shape.height, shape.width])?;
        }
        Form::Folder => write_folder(path, samples, settings)?,
    }
    Ok(())
}

/// A grid of pictures, or a plot of points.
pub fn sheet(samples: &[f32], settings: &Settings) -> Result<RgbImage, render::RenderError> {
    let shape = settings.shape;
    if settings.levels.is_some() {
        let pictures = Pictures::new(samples, shape.batch(samples.len() / shape.elements()))?;
        return render::grid(&pictures, None);
    }
    let points = to_points(samples);
    render::scatter(&[Series { points: &points, ..Series::default() }], &PlotOptions::default())
}

fn write_folder(path: &Path, samples: &[f32], settings: &Settings) -> Done {
    fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))?;
    let Some(levels) = settings.levels else {
        write(&path.join("points.npy"), samples, settings)?;
        return write(&path.join("points.png"), samples, settings);
    };
    let shape = settings.shape;
    let digits = (samples.len() / shape.elements()).to_string().len().max(5);
    for (index, sample) in samples.chunks(shape.elements()).enumerate() {
        let file = path.join(format!("{index:0digits$}.png"));
        write_png(file, sample, shape.height, shape.width, shape.channels, levels)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_the_form() {
        let form = |name: &str, points| Form::of(Path::new(name), points).ok();
        assert_eq!(form("a.PNG", false), Some(Form::Sheet));
        assert_eq!(form("a.npz", false), Some(Form::Npz));
        assert_eq!(form("a.npz", true), None);
        assert_eq!(form("a.npy", true), Some(Form::Npy));
        assert_eq!(form("folder", false), Some(Form::Folder));
        assert_eq!(form("a.jpg", false), None);
    }
}
