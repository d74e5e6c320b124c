//! Seals what is secret in the database with AES-256-GCM-SIV under the key of the encryption key file.
//! Never prints a key or a plaintext, and never overwrites a key file.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::StoreError;

const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;
/// Far above 32 bytes in base64; what is longer is some other file.
const LONGEST_KEY_FILE: u64 = 1024;

/// The first byte of everything sealed; then nonce, ciphertext, tag.
const VERSION: u8 = 1;
const NONCE: std::ops::Range<usize> = 1..1 + NONCE_LEN;

/// Where a sealed value is kept. It opens nowhere else, so values cannot be swapped in the database.
pub struct Place<'a> {
    /// The table, which has one sealed column.
    pub table: &'static str,
    /// The primary key of the row.
    pub row: &'a [&'a str],
}

impl Place<'_> {
    /// Each part with its length before it: no two places give the same bytes.
    fn associated_data(&self) -> Vec<u8> {
        let parts = std::iter::once(&self.table).chain(self.row);
        let with_length = |part: &&str| [&(part.len() as u64).to_be_bytes()[..], part.as_bytes()].concat();
        std::iter::once(vec![VERSION]).chain(parts.map(with_length)).flatten().collect()
    }
}

/// Seals and opens with one encryption key.
pub struct Seal(RandomizedNonceKey);

impl Seal {
    fn new(key: &[u8; KEY_LEN]) -> Result<Self, StoreError> {
        RandomizedNonceKey::new(&AES_256_GCM_SIV, key).map(Self).map_err(|_| StoreError::Seal)
    }

    /// Reads the key file; `None` when there is none.
    pub fn read(key_file: &Path) -> Result<Option<Self>, StoreError> {
        match read_key(key_file) {
            Ok(Some(key)) => Self::new(&key).map(Some),
            Ok(None) => Err(StoreError::KeyFileInvalid { path: key_file.display().to_string() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(key_file_error(key_file, source)),
        }
    }

    /// Makes a key and its file, readable by this user alone. Takes the key that another process made meanwhile.
    pub fn make(key_file: &Path) -> Result<Self, StoreError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        rand::fill(&mut key[..]).map_err(|_| StoreError::Seal)?;
        match write_key(key_file, &key) {
            Ok(()) => Self::new(&key),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::read(key_file)?.ok_or_else(|| key_file_error(key_file, error))
            }
            Err(source) => Err(key_file_error(key_file, source)),
        }
    }

    /// Seals a value for a place.
    pub fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut sealed = Zeroizing::new(Vec::with_capacity(NONCE.end + plain.len() + TAG_LEN));
        sealed.push(VERSION);
        sealed.extend([0; NONCE_LEN]);
        sealed.extend_from_slice(plain);
        let (nonce, tag) = self
            .0
            .seal_in_place_separate_tag(Aad::from(place.associated_data()), &mut sealed[NONCE.end..])
            .map_err(|_| StoreError::Seal)?;
        sealed[NONCE].copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        Ok(std::mem::take(&mut *sealed))
    }

    /// Opens what `seal` made for the same place: `Unsealable` with another key or at another place, `Damaged`
    /// when it was never sealed.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let damaged = || StoreError::Damaged { what: place.table };
        if sealed.len() < NONCE.end + TAG_LEN || sealed[0] != VERSION {
            return Err(damaged());
        }
        let nonce = Nonce::try_assume_unique_for_key(&sealed[NONCE]).map_err(|_| damaged())?;
        let mut plain = Zeroizing::new(sealed[NONCE.end..].to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(place.associated_data()), &mut plain)
            .map_err(|_| StoreError::Unsealable { what: place.table })?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}

/// `None` when the file holds anything but a key.
fn read_key(path: &Path) -> io::Result<Option<Zeroizing<[u8; KEY_LEN]>>> {
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST_KEY_FILE as usize));
    File::open(path)?.take(LONGEST_KEY_FILE).read_to_end(&mut text)?;
    let Ok(bytes) = STANDARD.decode(text.trim_ascii()).map(Zeroizing::new) else { return Ok(None) };
    Ok(<[u8; KEY_LEN]>::try_from(&bytes[..]).ok().map(Zeroizing::new))
}

/// Writes the file whole or not at all; `AlreadyExists` when there is one.
fn write_key(path: &Path, key: &[u8; KEY_LEN]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    // The temporary file has mode 0600 from the start.
    let mut file = tempfile::Builder::new().prefix(".key-").tempfile_in(folder)?;
    let text = Zeroizing::new(STANDARD.encode(key));
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn key_file_error(path: &Path, source: io::Error) -> StoreError {
    StoreError::KeyFile { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PLACE: Place<'static> = Place { table: "claims", row: &["user", "provider"] };

    fn seal_with(byte: u8) -> Seal {
        Seal::new(&[byte; KEY_LEN]).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_again() {
        let seal = seal_with(1);
        let sealed = seal.seal(&PLACE, b"plain").unwrap();
        assert_eq!(&seal.open(&PLACE, &sealed).unwrap()[..], b"plain");
        assert!(!sealed.windows(5).any(|window| window == b"plain"));
    }

    #[test]
    fn the_same_value_is_never_sealed_to_the_same_bytes() {
        let seal = seal_with(1);
        assert_ne!(seal.seal(&PLACE, b"plain").unwrap(), seal.seal(&PLACE, b"plain").unwrap());
    }

    #[test]
    fn another_key_does_not_open_it() {
        let sealed = seal_with(1).seal(&PLACE, b"plain").unwrap();
        assert!(matches!(seal_with(2).open(&PLACE, &sealed), Err(StoreError::Unsealable { what: "claims" })));
    }

    #[test]
    fn it_opens_at_no_other_place() {
        let seal = seal_with(1);
        let sealed = seal.seal(&PLACE, b"plain").unwrap();
        let others = [
            Place { table: "keys", row: PLACE.row },
            Place { table: "claims", row: &["user", "other"] },
            Place { table: "claims", row: &["userprovider"] },
            Place { table: "claims", row: &["use", "rprovider"] },
        ];
        for other in others {
            assert!(matches!(seal.open(&other, &sealed), Err(StoreError::Unsealable { .. })));
        }
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let seal = seal_with(1);
        let sealed = seal.seal(&PLACE, b"plain").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(seal.open(&PLACE, &changed).is_err(), "byte {index} changed");
            assert!(seal.open(&PLACE, &sealed[..index]).is_err(), "cut to {index} bytes");
        }
    }

    #[test]
    fn a_key_file_is_made_for_its_owner_alone_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latchkey.db.key");
        assert!(Seal::read(&path).unwrap().is_none());
        let sealed = Seal::make(&path).unwrap().seal(&PLACE, b"plain").unwrap();

        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let read = Seal::read(&path).unwrap().unwrap();
        assert_eq!(&read.open(&PLACE, &sealed).unwrap()[..], b"plain");
    }

    #[test]
    fn a_key_file_that_is_there_is_taken_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let sealed = Seal::make(&path).unwrap().seal(&PLACE, b"plain").unwrap();
        let again = Seal::make(&path).unwrap();
        assert_eq!(&again.open(&PLACE, &sealed).unwrap()[..], b"plain");
    }

    #[test]
    fn a_key_file_with_anything_but_32_bytes_in_base64_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in ["", "AAAA", "not base64", &STANDARD.encode([7; 31]), &STANDARD.encode([7; 33]), &"A".repeat(2000)]
        {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(Seal::read(&path), Err(StoreError::KeyFileInvalid { .. })), "{text:?}");
        }
        std::fs::write(&path, STANDARD.encode([7; 32])).unwrap();
        assert!(Seal::read(&path).unwrap().is_some());
    }

    #[test]
    fn a_key_file_that_cannot_be_made_names_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/key");
        let Err(error) = Seal::make(&path) else { panic!("a key file was made in a folder that is not there") };
        assert!(error.to_string().contains("missing/key"));
    }
}
