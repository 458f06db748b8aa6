import { defineConfig } from 'vitest/config';

// `unit` and `process` need nothing but the clone: `process` has what starts whole trainers and commands, and what tries thousands of damaged files (*.process.test.ts). `shared` reads real models and speech from PINCH_SHARED and takes minutes.
// `slurm` starts a Slurm of its own. `e2e` drives the packed extension in a real workbench; test/e2e/run.mjs starts it.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...['test/shared/**', 'test/e2e/**', 'test/electron/**', 'test/package/**', 'test/slurm/**'],
            'test/**/*.process.test.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Files share a process for each core: to start one for each file took a third of the processor time. So a test leaves nothing behind
          // in process.env, and may run after onnxruntime has made the processor treat denormal numbers as zero.
          isolate: false,
          // Vitest leaves one core idle, which is half of two.
          maxWorkers: '100%',
          // Files run side by side, so each gets a thread of its own and not all of the machine.
          env: { PINCH_THREADS: '1' },
        },
      },
      {
        test: {
          name: 'process',
          include: ['test/**/*.process.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          env: { PINCH_THREADS: '1' },
        },
      },
      {
        test: { name: 'shared', include: ['test/shared/**/*.test.ts'], testTimeout: 1_200_000, fileParallelism: false },
      },
      {
        test: {
          name: 'slurm',
          include: ['test/slurm/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      // What `npm run package` made of it.
      { test: { name: 'package', include: ['test/package/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
