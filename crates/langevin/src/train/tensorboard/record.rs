//! The framing of TensorFlow's record files, of which an event file is one.

/// `data` as one record: its length (u64), the length's checksum, the data, the data's checksum, little-endian.
///
/// So a reader knows a record that is cut short by its length, and a damaged one by a checksum.
/// (tensorflow/core/lib/io/record_writer.h)
pub(super) fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(data.len() + 16);
    bytes.extend(length);
    bytes.extend(masked_checksum(&length).to_le_bytes());
    bytes.extend(data);
    bytes.extend(masked_checksum(data).to_le_bytes());
    bytes
}

/// CRC-32C, turned right by 15 bits, plus a constant: so that the checksum of data that holds checksums is none of theirs.
fn masked_checksum(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // RFC 3720, B.4: of 32 zeros, of 32 ones, and of the bytes 0 to 31.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c::crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c::crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
    }

    #[test]
    fn a_record_is_sixteen_bytes_longer_than_what_it_holds() {
        assert_eq!(record(b"").len(), 16);
        let bytes = record(b"an event");
        assert_eq!((bytes.len(), &bytes[12..20]), (24, &b"an event"[..]));
    }
}
