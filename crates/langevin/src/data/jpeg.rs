//! What the JPEG decoder does not tell: CMYK colour, which it would convert, and a file that was cut off, whose
//! rest it would fill with grey.

pub(super) const CMYK: &str = "it stores CMYK colour; convert it to RGB";

/// Refuses a JPEG of four components, or one without its end-of-image marker.
///
/// Markers are those of ITU-T T.81, Annex B. A stream too odd to be walked is left to the decoder.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut at = 2;
    while let Some(&[0xFF, marker]) = bytes.get(at..at + 2) {
        match marker {
            // A fill byte, and the markers that stand alone.
            0xFF => at += 1,
            0x01 | 0xD0..=0xD8 => at += 2,
            // Start of scan: inside its data a byte FF is always followed by 00 or a restart marker.
            0xDA => {
                let whole = bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]);
                return if whole {
                    Ok(())
                } else {
                    Err("the file is cut off: it has no end-of-image marker".to_owned())
                };
            }
            // A frame header: length (2), precision (1), height (2), width (2), components (1).
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) && bytes.get(at + 9) == Some(&4) => {
                return Err(CMYK.to_owned());
            }
            _ => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else { break };
                at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_components_are_cmyk() {
        let frame = |components| {
            [
                &[0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC0, 0, 17, 8, 0, 5, 0, 7, components],
                &[0u8; 12][..],
            ]
            .concat()
        };
        assert_eq!(check(&frame(4)).unwrap_err(), CMYK);
        assert!(check(&frame(3)).is_ok());
    }

    #[test]
    fn a_scan_without_an_end_is_cut_off() {
        let scan = [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 1, 2, 3, 0xFF, 0x00, 4, 0xFF, 0xD9];
        assert!(check(&scan).is_ok());
        assert!(check(&scan[..12]).unwrap_err().contains("cut off"));
    }
}
