/** The names that data sets give the fields of a manifest's records. */

/** Names for the audio file, the likeliest first. */
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
];
/** Names for its text. */
export const textFields = ['text', 'sentence', 'transcription', 'transcript', 'normalized_text'];
