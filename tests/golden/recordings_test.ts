// Recordings, protected playback, imports and callbacks: the rest of the vectors of gateway_test.ts.
import "../support/golden/receiver_tests.ts";
import { goldenGatewayTests, isAboutRecordings } from "../support/golden/gateway_tests.ts";

goldenGatewayTests(isAboutRecordings);
