package org.jenkinsci.plugins.workflow.steps

/** Stands for the exception by which Jenkins stops a step; of it the library uses the result alone. */
class FlowInterruptedException extends InterruptedException {
    final String result

    FlowInterruptedException(String result) {
        this.result = result
    }
}
