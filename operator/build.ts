// Bundles this service for its image.
import { bundleService } from '../tooling/bundle.ts'

await bundleService(import.meta.dirname)
