import { defineConfig } from 'vitest/config';

// `unit` needs nothing but the clone. `shared` reads real models and speech from PINCH_SHARED and takes minutes.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/shared/**'], testTimeout: 60_000 } },
      {
        test: { name: 'shared', include: ['test/shared/**/*.test.ts'], testTimeout: 1_200_000, fileParallelism: false },
      },
    ],
  },
});
