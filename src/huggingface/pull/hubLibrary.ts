/** What Pinch uses of Hugging Face's client library. Loaded when it is asked for; only these functions get into the bundle. */

export { getHFHubCachePath, getRepoFolderName, listFiles, modelInfo } from '@huggingface/hub';
