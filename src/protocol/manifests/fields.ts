/** Names of the fields in the manifests of common data sets. */

/** Names of the audio file, the most likely first. */
export const audioFields = [
  'audio_filepath',
  'audio_path',
  'file_name',
  'path',
  'audio',
  'filename',
  'file',
  'wav_filename',
  'wav',
  'audio_file',
  'wav_path',
];
/** Names of the text; phones where there are no words. */
export const textFields = [
  'text',
  'sentence',
  'transcription',
  'transcript',
  'normalized_text',
  'txt',
  'wrd',
  'words',
  'tgt_text',
  'phn',
];
