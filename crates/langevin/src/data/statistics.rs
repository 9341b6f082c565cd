//! Mean and covariance of features in a file: an `.npz` with `mu` and `sigma`, as pytorch-fid writes and reads it.

use std::io::{self, Write};
use std::path::Path;

use langevin_metrics::Statistics;

use super::archive;
use super::error::DataError;
use super::numpy::read_entry;
use super::write::{npy_header, write};

/// The array with the number of samples, which pytorch-fid neither writes nor minds.
const COUNT: &str = "count";

/// Writes `mu` `[d]` and `sigma` `[d, d]`, float64, and `count`, where it is known.
///
/// # Errors
/// If the file cannot be written.
pub fn write_statistics(path: impl AsRef<Path>, statistics: &Statistics) -> Result<(), DataError> {
    let (mu, sigma) = (statistics.mean(), statistics.covariance());
    let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut arrays: Vec<(&str, Vec<u8>, Vec<u8>)> = vec![
        ("mu", npy_header("<f8", &[mu.len()]), bytes(mu)),
        ("sigma", npy_header("<f8", &[mu.len(), mu.len()]), bytes(sigma)),
    ];
    if let Some(count) = statistics.count() {
        arrays.push((COUNT, npy_header("<u8", &[1]), count.to_le_bytes().to_vec()));
    }
    write(path.as_ref(), |file| {
        let mut archive = zip::ZipWriter::new(file);
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, header, values) in arrays {
            archive.start_file(format!("{name}.npy"), options)?;
            archive.write_all(&header)?;
            archive.write_all(&values)?;
        }
        archive.finish().map(drop).map_err(io::Error::from)
    })
}

/// Reads `mu` and `sigma`, and `count`, if it is there.
///
/// # Errors
/// If the file cannot be read, lacks one of the two, or they are no mean and covariance.
pub fn read_statistics(path: impl AsRef<Path>) -> Result<Statistics, DataError> {
    let source = path.as_ref().display().to_string();
    let mut zip = archive::open(path.as_ref())?;
    let has = |name: &str, zip: &zip::ZipArchive<_>| zip.index_for_name(&format!("{name}.npy")).is_some();
    if let Some(missing) = ["mu", "sigma"].into_iter().find(|name| !has(name, &zip)) {
        let reason =
            format!("it holds no array {missing}: statistics are mu and sigma, as pytorch-fid saves them");
        return Err(DataError::malformed(&source, reason));
    }
    let mut values = |name: &str| -> Result<Vec<f64>, DataError> {
        let array = read_entry(&mut zip, &source, name)?;
        let reason = || format!("its {name} is of type '{}', and float32 or float64 is expected", array.kind);
        array.to_f64().ok_or_else(|| DataError::malformed(&source, reason()))
    };
    let (mu, sigma) = (values("mu")?, values("sigma")?);
    let count = match has(COUNT, &zip) {
        true => read_entry(&mut zip, &source, COUNT)?.to_u64().and_then(|counts| counts.first().copied()),
        false => None,
    };
    Statistics::from_moments(mu, sigma, count)
        .map_err(|error| DataError::malformed(&source, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use langevin_metrics::{Features, StatisticsBuilder};

    fn statistics() -> Statistics {
        let rows = [0.5f32, 1.0, -2.0, 3.0, 0.25, 4.0, 1.5, -1.0];
        let mut builder = StatisticsBuilder::new(2).unwrap();
        builder.push(Features::new(&rows, 2).unwrap()).unwrap();
        builder.finish().unwrap()
    }

    #[test]
    fn statistics_survive_a_file_that_numpy_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reference.npz");
        write_statistics(&path, &statistics()).unwrap();
        assert_eq!(read_statistics(&path).unwrap(), statistics());
        let mut file = npyz::npz::NpzArchive::open(&path).unwrap();
        let sigma = file.by_name("sigma").unwrap().unwrap();
        assert_eq!(sigma.shape(), [2, 2]);
        assert_eq!(sigma.into_vec::<f64>().unwrap(), statistics().covariance());
    }

    #[test]
    fn other_files_are_refused_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pictures.npz");
        super::super::write_npz(&path, &[7; 4], [1, 2, 2, 1]).unwrap();
        let message = read_statistics(&path).unwrap_err().to_string();
        assert!(message.contains("pictures.npz") && message.contains("mu and sigma"), "{message}");
        std::fs::write(&path, b"PK nothing").unwrap();
        assert!(read_statistics(&path).unwrap_err().to_string().contains("pictures.npz"));
    }
}
