// Records what a build does: `ciReporter(name: 'unit') { … }` any steps, `ciReporter.sh('make test')` a script,
// `ciReporter.build()` the build as a whole. Whatever is wrong with ci-reporter, the steps run as they would without it.
// README.md says where ci-reporter comes from.

import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** Runs the body and records how it ended. Options: name, coverage, tests, environment, strings with commas for lists. */
def call(Map options = [:], Closure body) {
    check(options, ['name', 'coverage', 'tests', 'environment'])
    String folder = setUp()
    if (folder == null) {
        return body()
    }
    long startedMs = System.currentTimeMillis()
    String before = currentBuild.currentResult
    String result = 'SUCCESS'
    try {
        def value = steps.withEnv(["PATH+CI_REPORTER=${folder}/bin"]) { body() }
        // A step such as junit says UNSTABLE without an exception.
        result = currentBuild.currentResult == before ? 'SUCCESS' : currentBuild.currentResult
        if (before == 'UNSTABLE' && result == 'SUCCESS') {
            steps.echo('ci-reporter: the build was UNSTABLE before, so it is not known whether these steps made it so too')
        }
        return value
    } catch (FlowInterruptedException stopped) { // by a person, by `timeout`, by a parallel branch that fails fast
        result = stopped.result.toString()
        throw stopped
    } catch (Throwable failure) {
        result = 'FAILURE'
        throw failure
    } finally {
        collect(folder, options, result, startedMs)
    }
}

/** The step `sh`, run by `ci-reporter run`, which sees exit code, signal, CPU time and memory as well. */
def sh(String script) {
    return sh(script: script)
}

/** As `sh`, with its options script, returnStatus and returnStdout, those of the body form, and timeout, such as '10m'. */
def sh(Map options) {
    check(options, ['script', 'returnStatus', 'returnStdout', 'name', 'coverage', 'tests', 'environment', 'timeout'])
    Map asked = [label: options.name ?: 'ci-reporter.sh']
    asked += options.returnStatus ? [returnStatus: true] : [:]
    asked += options.returnStdout ? [returnStdout: true] : [:]
    String folder = setUp()
    if (folder == null) {
        return steps.sh(asked + [script: options.script])
    }
    String file = "${folder}/${UUID.randomUUID()}.sh"
    steps.writeFile(file: file, text: options.script)
    List variables = settings(options) + ["INPUT_FILE=${file}", "PATH+CI_REPORTER=${folder}/bin"]
    variables += options.timeout ? ["CI_REPORTER_TIMEOUT=${options.timeout}"] : []
    // As the step runs it: by its own first line, else by `sh -xe`.
    String shell = options.script.startsWith('#!') ? '' : 'sh -xe '
    String ready = '{ set +x; } 2>/dev/null; chmod +x "$INPUT_FILE"; exec ci-reporter run -- '
    return steps.withEnv(variables) {
        steps.sh(asked + [script: ready + shell + '"$INPUT_FILE"'])
    }
}

/** Records the whole build, for `post { always { … } }` and the end of a scripted pipeline. */
def build(Map options = [:]) {
    check(options, ['name', 'coverage', 'tests', 'environment'])
    String folder = setUp()
    if (folder != null) {
        Map named = [name: options.name ?: 'build'] + options
        steps.withEnv(["CI_REPORTER_JOB_NAME=${named.name}"]) {
            collect(folder, named, currentBuild.currentResult, currentBuild.startTimeInMillis)
        }
    }
}

/** Puts ci-reporter into a folder of this build; gives null, and says why, where that is not possible. */
private String setUp() {
    try {
        if (!steps.isUnix()) {
            steps.echo('ci-reporter: no record: the library needs an agent with a POSIX shell')
            return null
        }
        String folder = "${steps.pwd(tmp: true)}/ci-reporter-${env.BUILD_NUMBER}"
        if (!steps.fileExists("${folder}/bin/ci-reporter")) {
            steps.writeFile(file: "${folder}/bin/ci-reporter", text: steps.libraryResource('ci-reporter/ci-reporter.sh'))
            int lacking = quietly('chmod +x "$INPUT_FOLDER/bin/ci-reporter" && "$INPUT_FOLDER/bin/ci-reporter" --found', folder)
            if (lacking) {
                writeProgram(folder)
            }
        }
        return folder
    } catch (FlowInterruptedException stopped) {
        throw stopped
    } catch (Exception problem) {
        steps.echo("ci-reporter: no record: ${problem.message}")
        return null
    }
}

/** The one file, where the library carries it. */
private void writeProgram(String folder) {
    String file = "${folder}/ci-reporter.pyz"
    try {
        steps.writeFile(file: file, text: steps.libraryResource(resource: 'ci-reporter/ci-reporter.pyz', encoding: 'Base64'), encoding: 'Base64')
    } catch (FlowInterruptedException stopped) {
        throw stopped
    } catch (Exception absent) {
        steps.echo('ci-reporter: no record: it is neither on this agent nor in the library (README.md says where it may be)')
    }
}

/** Records what has ended. A problem is said, and fails nothing. */
private void collect(String folder, Map options, String result, long startedMs) {
    List told = ["INPUT_RESULT=${result}", "INPUT_STARTED=${startedMs.intdiv(1000)}.${(startedMs % 1000).toString().padLeft(3, '0')}"]
    try {
        steps.withEnv(settings(options) + told) {
            quietly('"$INPUT_FOLDER/bin/ci-reporter" collect --result "$INPUT_RESULT" --started "$INPUT_STARTED"', folder)
        }
    } catch (FlowInterruptedException stopped) {
        throw stopped
    } catch (Exception problem) {
        steps.echo("ci-reporter: no record: ${problem.message}")
    }
}

/** Runs a line of shell, without showing the line itself; gives its exit code. */
private int quietly(String line, String folder) {
    return steps.withEnv(["INPUT_FOLDER=${folder}"]) {
        steps.sh(script: '{ set +x; } 2>/dev/null; ' + line, label: 'ci-reporter', returnStatus: true)
    }
}

/** The options as the settings of ci-reporter: values go by the environment, where no shell reads them. */
private List settings(Map options) {
    List found = []
    for (String each in ['name', 'coverage', 'tests', 'environment']) {
        if (options[each]) {
            found += "CI_REPORTER_${each.toUpperCase()}=${options[each]}".toString()
        }
    }
    return found
}

private void check(Map options, List known) {
    for (String each in options.keySet()) {
        if (!(each in known)) {
            steps.error("ciReporter: there is no option '${each}' (known: ${known.join(', ')})")
        }
    }
}
